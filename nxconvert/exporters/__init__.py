"""Writers of text formats: each fills a stream with one scan, and says before what its format cannot hold."""
