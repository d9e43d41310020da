"""The pages of each path: lists, exports and links, in every kind of paging."""
