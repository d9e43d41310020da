"""What each path shows: lists, exports, links, in every kind of paging."""
