"""From a source of annotated pictures to a released dataset."""
