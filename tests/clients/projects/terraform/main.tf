terraform {
  backend "s3" {
    bucket         = "state"
    key            = "simulated"
    use_path_style = true
  }
}
