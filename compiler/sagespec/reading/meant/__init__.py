"""What an author meant by what fits nowhere: imported when something is wrong."""
