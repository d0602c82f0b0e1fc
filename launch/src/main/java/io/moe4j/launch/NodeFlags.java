package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Values from the command line of {@code moe4j launch} for this node; they take precedence over the environment. Start from {@link #none()}.
 *
 * @param processes number of processes on this node ({@code --nproc})
 * @param nodes number of nodes ({@code --nnodes})
 * @param node number of this node, from 0 ({@code --node-rank})
 * @param host host of node 0 ({@code --master-addr})
 * @param port port at which process 0 listens ({@code --master-port})
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record NodeFlags(OptionalInt processes, OptionalInt nodes, OptionalInt node, Optional<String> host,
        OptionalInt port) {

    /** No values. */
    public static NodeFlags none() {
        return new NodeFlags(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Optional.empty(),
                OptionalInt.empty());
    }

    public NodeFlags withProcesses(int number) {
        return new NodeFlags(OptionalInt.of(number), nodes, node, host, port);
    }

    public NodeFlags withNode(int number, int count) {
        return new NodeFlags(processes, OptionalInt.of(count), OptionalInt.of(number), host, port);
    }

    public NodeFlags withMaster(String name, int number) {
        return new NodeFlags(processes, nodes, node, Optional.of(name), OptionalInt.of(number));
    }
}
