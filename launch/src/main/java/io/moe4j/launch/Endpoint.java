package io.moe4j.launch;

import io.moe4j.api.Stability;

/**
 * The address at which the process of rank 0 listens.
 *
 * @param host a name or an address
 * @param port 1 to 65535
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Endpoint(String host, int port) {

    public Endpoint {
        if (host.isBlank() || port < 1 || port > 65535) {
            throw new IllegalArgumentException(
                    "\"" + host + "\":" + port + " is not an address: give a host name and a port from 1 to 65535");
        }
    }

    /** Whether only processes of the same host can reach this address. */
    public boolean isLoopback() {
        return host.equals("localhost") || host.matches("127(\\.\\d{1,3}){3}") || host.equals("::1");
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
