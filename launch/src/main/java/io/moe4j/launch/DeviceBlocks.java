package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The devices of a host that the ranks of its processes use. A process uses consecutive devices, and its ranks are spread over them in blocks: the
 * first ranks are on the first device, so that neighbouring ranks, which share experts, share a device where possible.
 *
 * <p>Example: 4 ranks in one process over 2 devices are on devices 0, 0, 1, 1; 4 processes of one rank, on a host with 4 devices, on 0 to 3.
 *
 * @param perProcess number of devices that each process uses
 * @param first the first device of this process. The default follows from the number of the process on its host: processes take the devices one after
 *     the other, and start again from 0 if there are more processes than devices
 * @param there number of devices that this process sees; empty if the device's plug-in does not know
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DeviceBlocks(int perProcess, OptionalInt first, OptionalInt there) {

    /**
     * The device of each rank of a process, in the order of the ranks.
     *
     * @throws LaunchException if the ranks cannot be spread evenly, or a device does not exist
     */
    public List<Integer> ordinals(RankEnvironment environment) {
        int ranks = environment.localRanks().size();
        List<String> problems = new ArrayList<>();
        if (perProcess < 1 || ranks % perProcess != 0) {
            problems.add("runtime.devices = " + perProcess + ", but " + ranks
                    + " ranks run in this process: each device takes the same number of ranks; set runtime.devices to a"
                    + " divisor of " + ranks);
        }
        int from = first.orElseGet(() -> block(environment.localRank() / ranks) * perProcess);
        if (from < 0 || (there.isPresent() && from + (long) perProcess > there.getAsInt())) {
            problems.add(wanted(from) + ", and this process sees " + there.orElse(0)
                    + (there.orElse(0) > 0 ? " (0 to " + (there.getAsInt() - 1) + ")" : "")
                    + ": lower --device-ordinal or runtime.devices, or make more devices visible (for CUDA:"
                    + " CUDA_VISIBLE_DEVICES)");
        }
        if (!problems.isEmpty()) {
            throw new LaunchException(problems);
        }
        return IntStream.range(0, ranks).map(rank -> from + rank / (ranks / perProcess)).boxed().toList();
    }

    /** The number of the host's block of devices that a process uses. If the number of devices is unknown, every process uses the first block. */
    private int block(int process) {
        return there.isEmpty() ? 0 : process % Math.max(1, there.getAsInt() / Math.max(1, perProcess));
    }

    private String wanted(int from) {
        return perProcess <= 1 ? "device " + from + " is wanted"
                : "devices " + from + " to " + (from + (long) perProcess - 1) + " are wanted";
    }
}
