package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Launch values from the command line; they take precedence over those of the environment. Start from {@link #none()}.
 *
 * @param process number of this process, from 0 ({@code --rank})
 * @param processes number of processes ({@code --world-size})
 * @param localProcess number of this process on its host ({@code --local-rank})
 * @param host host of process 0 ({@code --master-addr})
 * @param port port at which process 0 listens ({@code --master-port})
 * @param listen address at which process 0 listens, if not that of {@code host} ({@code --listen-addr})
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record LaunchFlags(OptionalInt process, OptionalInt processes, OptionalInt localProcess, Optional<String> host,
        OptionalInt port, Optional<String> listen) {

    /** No values. */
    public static LaunchFlags none() {
        return new LaunchFlags(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Optional.empty(),
                OptionalInt.empty(), Optional.empty());
    }

    /** These values with the number of this process and the number of processes. */
    public LaunchFlags withProcess(int number, int count) {
        return new LaunchFlags(OptionalInt.of(number), OptionalInt.of(count), localProcess, host, port, listen);
    }

    public LaunchFlags withLocalProcess(int number) {
        return new LaunchFlags(process, processes, OptionalInt.of(number), host, port, listen);
    }

    public LaunchFlags withMaster(String name, int number) {
        return new LaunchFlags(process, processes, localProcess, Optional.of(name), OptionalInt.of(number),
                listen);
    }

    public LaunchFlags withListen(String address) {
        return new LaunchFlags(process, processes, localProcess, host, port, Optional.of(address));
    }
}
