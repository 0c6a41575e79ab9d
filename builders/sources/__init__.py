"""Sources: each gives the same tables of images, objects, labels and relations."""
