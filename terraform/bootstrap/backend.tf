# The first apply keeps its state here; docs/operators/real-project.md then moves it into the bucket that was made.
terraform {
  backend "local" {}
}
