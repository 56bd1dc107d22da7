terraform {
  required_version = ">= 1.9" # validations that read another variable

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.41, < 9.0"
    }
  }
}
