"""An embedded Google Cloud on 127.0.0.1: the API server and a stand-in Terraform provider."""
