resource "google_monitoring_dashboard" "fleet" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "Notebooks of fleet ${var.fleet_name}"
    gridLayout = {
      columns = "2"
      widgets = [
        for name, alert in local._alerts : {
          title = alert.title
          xyChart = {
            dataSets = [{
              plotType = "STACKED_BAR"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter      = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.this[name].name}\""
                  aggregation = { alignmentPeriod = "3600s", perSeriesAligner = "ALIGN_SUM" }
                }
              }
            }]
          }
        }
      ]
    }
  })
}
