"""Methods of other libraries, by their names there, behind our contract."""
