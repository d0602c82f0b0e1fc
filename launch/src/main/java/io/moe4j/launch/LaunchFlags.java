package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Launch values given on the command line: they come before those of the environment. Start from {@link #none()}.
 *
 * @param process number of this process, from 0 ({@code --rank})
 * @param processes how many there are ({@code --world-size})
 * @param localProcess number of this process on its host ({@code --local-rank})
 * @param host where process 0 runs ({@code --master-addr})
 * @param port where it listens ({@code --master-port})
 * @param listen at which of its addresses, if not the one that {@code host} leads to ({@code --listen-addr})
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record LaunchFlags(OptionalInt process, OptionalInt processes, OptionalInt localProcess, Optional<String> host,
        OptionalInt port, Optional<String> listen) {

    /** Nothing is given. */
    public static LaunchFlags none() {
        return new LaunchFlags(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Optional.empty(),
                OptionalInt.empty(), Optional.empty());
    }

    /** This process, and how many there are. */
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
