/** Metrics of runs for Prometheus. */
module io.moe4j.metrics.prometheus {
    requires io.moe4j.api;
    requires io.prometheus.metrics.core;
    requires io.prometheus.metrics.exporter.httpserver;
    requires io.prometheus.metrics.model;
    requires jdk.httpserver;
    requires static transitive org.jspecify;

    exports io.moe4j.metrics.prometheus;
}
