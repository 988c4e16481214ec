"""Mapping files: YAML that says where the fields of a scan go in the NeXus tree."""
