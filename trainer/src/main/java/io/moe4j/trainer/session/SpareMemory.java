package io.moe4j.trainer.session;

import io.moe4j.api.device.Device;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Computes how many bytes ranks may keep in addition to everything else that they need: the smallest number of all ranks, so that all make the same choice. */
final class SpareMemory {
    private final RankLaunch launch;
    private final Map<Integer, Device> devices;

    /** @param devices the device of each rank of this process; nothing may be allocated there yet */
    SpareMemory(RankLaunch launch, Map<Integer, Device> devices) {
        this.launch = launch;
        this.devices = devices;
    }

    /**
     * The number of bytes, which may be negative. All processes call this at the same time.
     *
     * @param plans the plans of the ranks of this process, if they keep nothing
     */
    long least(Map<Integer, MemoryPlan> plans) {
        // After the first exchange, all processes have opened their devices; after the second, all have read the free memory, and may allocate.
        List<String> places = DeviceNames.exchange(launch, devices);
        return launch.exchange("memory that is left", rank -> {
            Device device = device(rank);
            long left = RecomputePlanner.left(device.capacityBytes(), device.freeBytes(),
                    Collections.frequency(places, places.get(rank)),
                    Objects.requireNonNull(plans.get(rank)).totalBytes());
            return ByteBuffer.allocate(Long.BYTES).putLong(left).array();
        }).stream().mapToLong(bytes -> ByteBuffer.wrap(bytes).getLong()).min().orElseThrow();
    }

    private Device device(int rank) {
        return Objects.requireNonNull(devices.get(rank));
    }
}
