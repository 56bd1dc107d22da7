"""What happens inside the VMs of notebooks: their boots, and what their guests tell outside."""
