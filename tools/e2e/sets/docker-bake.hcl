variable "VERSION" { default = "1.2.3" }
group "default" { targets = ["app"] }
target "_shared" {
  args = { VERSION = VERSION }
}
target "app" {
  inherits   = ["_shared"]
  context    = "baked"
  dockerfile = "build/app.Dockerfile"
  target     = "release"
  tags       = ["app:${VERSION}"]
}
