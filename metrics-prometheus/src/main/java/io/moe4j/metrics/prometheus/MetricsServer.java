package io.moe4j.metrics.prometheus;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Numbers of one run at {@code http://HOST:PORT/metrics}, for Prometheus to collect. Each server has a registry of its own, so that several runs of one
 * JVM share nothing, and need different ports. Values may be set by any thread.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MetricsServer implements AutoCloseable {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Map<String, Gauge> gauges = new ConcurrentHashMap<>();
    private final Map<String, Counter> counters = new ConcurrentHashMap<>();
    private final HTTPServer server;

    private MetricsServer(String host, int port) throws IOException {
        server = HTTPServer.builder().hostname(host).port(port).registry(registry).buildAndStart();
    }

    /**
     * Opens the server.
     *
     * @param host name or address of the interface that it listens on; whoever can reach it can read the numbers
     * @param port 1 to 65535, or 0 for any that is free
     * @throws InputException if the port is in use, or there is no such interface
     */
    public static MetricsServer open(String host, int port) {
        try {
            return new MetricsServer(host, port);
        } catch (IOException | RuntimeException e) {
            throw new InputException("metrics for Prometheus cannot be served at " + host + ", port " + port + " ("
                    + e.getMessage()
                    + "); give another metrics.prometheus_port or metrics.prometheus_host, or port 0 for"
                    + " no metrics", e);
        }
    }

    /** The port that it listens on. */
    public int port() {
        return server.getPort();
    }

    /**
     * Sets a number that may rise and fall.
     *
     * @param name such as {@code "moe4j_loss"}; the same name has the same help and the same label names each time
     * @param help one sentence for people
     * @param labels by name; may be empty
     */
    public void gauge(String name, String help, Map<String, String> labels, double value) {
        Map<String, String> sorted = new TreeMap<>(labels);
        gauges.computeIfAbsent(name, each -> Gauge.builder().name(each).help(help)
                .labelNames(sorted.keySet().toArray(String[]::new)).register(registry))
                .labelValues(sorted.values().toArray(String[]::new)).set(value);
    }

    /**
     * Adds to a number that only rises.
     *
     * @param name without the suffix {@code _total}, which Prometheus adds
     * @param help one sentence for people
     * @param amount at least 0
     */
    public void count(String name, String help, double amount) {
        counters.computeIfAbsent(name, each -> Counter.builder().name(each).help(help).register(registry))
                .inc(amount);
    }

    @Override
    public void close() {
        server.close();
    }
}
