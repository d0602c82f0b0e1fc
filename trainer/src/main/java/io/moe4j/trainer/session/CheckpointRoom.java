package io.moe4j.trainer.session;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.host.HostMemory;
import io.moe4j.trainer.checkpoint.HostCopy;
import io.moe4j.trainer.checkpoint.RankState;
import io.moe4j.trainer.checkpoint.store.ThisHost;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Host memory for the copies from which checkpoints are written while steps go on. Either all ranks have such memory or none: if one host has too little, all
 * ranks wait while a checkpoint is written.
 */
final class CheckpointRoom {
    private static final Logger log = LoggerFactory.getLogger(CheckpointRoom.class);
    /** The fraction of the free memory that copies may take. */
    private static final double MOST = 0.95;

    private final RankState state;
    private final RankContext rank;

    private CheckpointRoom(RankState state) {
        this.state = state;
        rank = state.rank();
    }

    /**
     * Allocates the copy of a rank. All ranks of the world call this after they have allocated everything else.
     *
     * @return empty, on all ranks, if there is not enough memory for all of them
     */
    static Optional<HostCopy> open(RankState state) {
        return new CheckpointRoom(state).open();
    }

    private Optional<HostCopy> open() {
        if (rank.device().kind().equals(DeviceKind.PLANNING)) {
            return Optional.of(HostCopy.open(state));
        }
        Optional<String> missing = missing();
        if (missing.isPresent()) {
            tell(missing.get());
            return Optional.empty();
        }
        Optional<HostCopy> copy = Optional.empty();
        String refused = "";
        try {
            copy = Optional.of(HostCopy.open(state));
        } catch (DeviceException e) {
            refused = "on rank " + rank.rank() + ", " + e.getMessage();
        }
        Optional<String> first = exchange("copies for checkpoints", refused).stream().filter(each -> !each.isEmpty())
                .findFirst();
        if (first.isPresent()) {
            copy.ifPresent(HostCopy::close);
            tell(first.get());
            return Optional.empty();
        }
        return copy;
    }

    /** Describes the first host that has too little memory. */
    private Optional<String> missing() {
        Map<String, Long> wanted = new HashMap<>();
        Map<String, Long> free = new HashMap<>();
        // No rank allocates its copy before all ranks have read the amount of free memory.
        for (String each : exchange("room for checkpoints",
                HostCopy.bytes(state) + " " + HostMemory.available() + " "
                        + ThisHost.name())) {
            String[] parts = each.split(" ", 3);
            wanted.merge(parts[2], Long.valueOf(parts[0]), Long::sum);
            free.merge(parts[2], Long.valueOf(parts[1]), Math::min);
        }
        return wanted.entrySet().stream().filter(host -> host.getValue() > MOST * free.getOrDefault(host.getKey(), 0L))
                .map(Map.Entry::getKey).sorted().findFirst()
                .map(host -> String.format(Locale.ROOT, "copies of the ranks' state on %s take %.2f GiB of its memory,"
                        + " of which %.2f GiB are free", host, gib(wanted.getOrDefault(host, 0L)),
                        gib(free.getOrDefault(host, 0L))));
    }

    private void tell(String reason) {
        if (rank.rank() == 0) {
            log.warn("the run waits while a checkpoint is written, since it cannot be written beside the steps: {}. Use"
                    + " hosts with more memory or more of them; checkpoint.background = false says that waiting is"
                    + " wanted", reason);
        }
    }

    private List<String> exchange(String key, String mine) {
        return rank.rendezvous().exchange(rank.world(), key, mine.getBytes(StandardCharsets.UTF_8)).stream()
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8)).toList();
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }
}
