package io.moe4j.trainer.session;

import io.moe4j.api.device.Device;
import io.moe4j.trainer.checkpoint.store.ThisHost;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Names of the devices of all ranks: two ranks have equal names if they share a device. */
final class DeviceNames {

    private DeviceNames() {}

    /**
     * The name of each rank's device, in the order of the ranks. All processes call this at the same time.
     *
     * @param devices the device of each rank of this process
     */
    static List<String> exchange(RankLaunch launch, Map<Integer, Device> devices) {
        return launch
                .exchange("devices of ranks",
                        rank -> name(launch, rank, Objects.requireNonNull(devices.get(rank)))
                                .getBytes(StandardCharsets.UTF_8))
                .stream().map(bytes -> new String(bytes, StandardCharsets.UTF_8)).toList();
    }

    private static String name(RankLaunch launch, int rank, Device device) {
        String hardware = device.hardwareId();
        int index = launch.localRanks().indexOf(rank);
        return ThisHost.name() + " " + device.kind() + " "
                + (hardware.isEmpty() ? launch.deviceOrdinals().get(index).toString() : hardware);
    }
}
