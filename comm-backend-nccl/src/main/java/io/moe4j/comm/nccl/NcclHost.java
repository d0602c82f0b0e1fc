package io.moe4j.comm.nccl;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The identity of a host, as NCCL determines it: NCCL_HOSTID if set, otherwise the host's name and its boot id. */
final class NcclHost {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private NcclHost() {}

    static String name() {
        return Optional.ofNullable(System.getenv("NCCL_HOSTID")).filter(id -> !id.isBlank())
                .orElseGet(() -> hostName() + "/" + bootId());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            return "localhost";
        }
    }

    private static String bootId() {
        try {
            return Files.readString(BOOT_ID).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
