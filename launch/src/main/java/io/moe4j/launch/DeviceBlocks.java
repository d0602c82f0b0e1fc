package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Which devices of a host the ranks of its processes use. A process has some devices in a row, and its ranks are spread over them in blocks: the first of
 * them are on the first device, so that ranks which follow each other, and share experts, share a device as far as they can.
 *
 * <p>Example: 4 ranks in one process over 2 devices are on devices 0, 0, 1, 1; 4 processes of one rank, on a host with 4 devices, on 0 to 3.
 *
 * @param perProcess how many devices each process uses
 * @param first the first device of this process; by default its processes' number on the host decides: one after the other, and from 0 again where there are
 *        more processes than devices
 * @param there how many devices this process sees; empty if the device's plug-in cannot tell
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DeviceBlocks(int perProcess, OptionalInt first, OptionalInt there) {

    /**
     * The device of each rank of a process, in the order of the ranks.
     *
     * @throws LaunchException if the ranks cannot be spread evenly, or a device is not there
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
        if (from < 0 || there.isPresent() && from + (long) perProcess > there.getAsInt()) {
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

    /** Which of the host's blocks of devices a process has. Where nobody knows how many there are, everybody has the first. */
    private int block(int process) {
        return there.isEmpty() ? 0 : process % Math.max(1, there.getAsInt() / Math.max(1, perProcess));
    }

    private String wanted(int from) {
        return perProcess <= 1 ? "device " + from + " is wanted"
                : "devices " + from + " to " + (from + (long) perProcess - 1) + " are wanted";
    }
}
