package io.moe4j.app.cli;

import io.moe4j.api.device.DeviceProvider;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.launch.DeviceBlocks;
import io.moe4j.launch.FailedStart;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.LaunchFlags;
import io.moe4j.launch.RankEnvironment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of a process that is one of several, as a mixin. Without any of them, the launcher's environment variables decide. */
final class LaunchOptions {

    @Option(names = "--rank", paramLabel = "N",
            description = "Number of this process, from 0. Default: the launcher's.")
    private @Nullable Integer rank;

    @Option(names = "--world-size", paramLabel = "N",
            description = "Number of processes. Default: the launcher's, or 1.")
    private @Nullable Integer worldSize;

    @Option(names = "--local-rank", paramLabel = "N", description = "Number of this process on its host.")
    private @Nullable Integer localRank;

    @Option(names = "--master-addr", paramLabel = "HOST", description = "Where process 0 runs.")
    private @Nullable String masterAddress;

    @Option(names = "--master-port", paramLabel = "PORT", description = "Where process 0 listens.")
    private @Nullable Integer masterPort;

    @Option(names = "--listen-addr", paramLabel = "ADDRESS",
            description = "The address at which process 0 listens. Default: the one that --master-addr leads to.")
    private @Nullable String listenAddress;

    @Option(names = "--device-ordinal", paramLabel = "N",
            description = "The first of the devices of its kind that this process uses. Default: by the number of the process on"
                    + " its host, so that each has its own, as long as there are enough.")
    private @Nullable Integer deviceOrdinal;

    /** The names of the given options that {@code moe4j launch} would set itself. */
    List<String> given() {
        Map<String, Optional<?>> all = new LinkedHashMap<>();
        all.put("--rank", Optional.ofNullable(rank));
        all.put("--world-size", Optional.ofNullable(worldSize));
        all.put("--local-rank", Optional.ofNullable(localRank));
        all.put("--master-addr", Optional.ofNullable(masterAddress));
        all.put("--master-port", Optional.ofNullable(masterPort));
        all.put("--device-ordinal", Optional.ofNullable(deviceOrdinal));
        return all.entrySet().stream().filter(option -> option.getValue().isPresent()).map(Map.Entry::getKey).toList();
    }

    /** Which ranks run in this process. */
    RankEnvironment resolve(int ranks, Map<String, String> environment) {
        LaunchFlags flags = new LaunchFlags(of(rank), of(worldSize), of(localRank), Optional.ofNullable(masterAddress),
                of(masterPort), Optional.ofNullable(listenAddress));
        return RankEnvironment.resolve(ranks, flags, environment);
    }

    /**
     * Runs work before the processes connect to each other. If it fails, the others are told the reason (if this process knows their address), so that they
     * do not wait for it.
     *
     * @param unchecked the configuration as it was given; not checked, because it may be the reason of the failure
     */
    <T> T beforeMeeting(Supplier<TrainerConfig> unchecked, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException | Error e) {
            try {
                TrainerConfig config = unchecked.get();
                RankEnvironment environment = resolve(config.ranks(), System.getenv());
                if (environment.isDistributed()) {
                    FailedStart.tell(environment, secret(environment, config, System.getenv()),
                            e.getMessage() == null ? e.toString() : e.getMessage());
                }
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** The secret of this job, which only its processes know. */
    static JobSecret secret(RankEnvironment environment, TrainerConfig config, Map<String, String> variables) {
        return JobSecret.resolve(variables, Path.of(System.getProperty("user.home")), config.runtime().allowNoSecret(),
                environment.master().orElseThrow());
    }

    /** The device of each rank of this process. */
    List<Integer> devices(RankEnvironment environment, TrainerConfig config, DeviceProvider provider) {
        return new DeviceBlocks(config.runtime().devices(), of(deviceOrdinal), provider.deviceCount())
                .ordinals(environment);
    }

    private static OptionalInt of(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
