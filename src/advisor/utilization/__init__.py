"""How busy resources are: CloudWatch, Cloud Monitoring, files of samples, and the clouds' own recommendations."""
