"""First drafts of label maps, by what was learnt from those that are done."""
