"""What a dataflow is: the document, its rules and its YAML form. Pure: no network, no clock."""
