package io.moe4j.metrics.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetricsServerTest {
    private static final String LOOPBACK = "127.0.0.1";

    @Test
    void whatWasSetIsServedAsPrometheusReadsIt() throws Exception {
        int port;
        try (MetricsServer server = MetricsServer.open(LOOPBACK, 0)) {
            port = server.port();
            server.gauge("moe4j_loss", "Mean loss of a token.", Map.of(), 7.5);
            server.gauge("moe4j_loss", "Mean loss of a token.", Map.of(), 7.25);
            server.gauge("moe4j_expert_entropy", "Balance.", Map.of("layer", "3"), 0.5);
            server.gauge("moe4j_expert_entropy", "Balance.", Map.of("layer", "4"), 1);
            server.count("moe4j_tokens", "Tokens.", 512);
            server.count("moe4j_tokens", "Tokens.", 512);
            List<String> lines = get(port);
            for (String line : List.of("# TYPE moe4j_loss gauge", "# HELP moe4j_loss Mean loss of a token.",
                    "moe4j_loss 7.25",
                    "moe4j_expert_entropy{layer=\"3\"} 0.5", "moe4j_expert_entropy{layer=\"4\"} 1.0",
                    "# TYPE moe4j_tokens_total counter", "moe4j_tokens_total 1024.0")) {
                assertTrue(lines.contains(line), () -> line + " is not in " + lines);
            }
        }
        assertThrows(ConnectException.class, () -> get(port));
    }

    @Test
    void twoRunsShareNothing() throws Exception {
        try (MetricsServer one = MetricsServer.open(LOOPBACK, 0); MetricsServer two = MetricsServer.open(LOOPBACK, 0)) {
            assertNotEquals(one.port(), two.port());
            one.gauge("moe4j_step", "Step.", Map.of(), 1);
            two.gauge("moe4j_step", "Step.", Map.of(), 2);
            assertTrue(get(one.port()).contains("moe4j_step 1.0"));
            assertTrue(get(two.port()).contains("moe4j_step 2.0"));
            InputException refused = assertThrows(InputException.class,
                    () -> MetricsServer.open(LOOPBACK, one.port()));
            assertTrue(refused.getMessage().startsWith("metrics for Prometheus cannot be served at 127.0.0.1, port "
                    + one.port() + " ("), refused.getMessage());
            assertTrue(refused.getMessage().contains("give another metrics.prometheus_port"), refused.getMessage());
        }
    }

    private static List<String> get(int port) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> response = client.send(
                    HttpRequest.newBuilder(URI.create("http://" + LOOPBACK + ":" + port + "/metrics")).build(),
                    HttpResponse.BodyHandlers.ofString());
            assertEquals(200, response.statusCode());
            return response.body().lines().toList();
        }
    }
}
