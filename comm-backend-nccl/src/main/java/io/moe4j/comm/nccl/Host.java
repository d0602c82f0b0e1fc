package io.moe4j.comm.nccl;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What tells one host from another, as in NCCL: NCCL_HOSTID, else the host's name and the id of its boot. */
final class Host {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private Host() {}

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
