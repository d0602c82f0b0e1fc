package io.moe4j.tests.gpu;

import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Processes that meet through files in a folder. */
final class FolderRendezvous implements Rendezvous {
    private final Path folder;
    private final Duration timeout;
    private final Map<String, Integer> uses = new HashMap<>();

    FolderRendezvous(Path folder, Duration timeout) {
        this.folder = folder;
        this.timeout = timeout;
    }

    @Override
    public synchronized List<byte[]> exchange(Group group, String key, byte[] mine) {
        String name = (group.name() + " " + group.ranks() + " " + key).replaceAll("[^a-zA-Z0-9]", "_");
        String round = name + "." + uses.merge(name, 1, Integer::sum) + ".";
        write(round + group.rank(), mine);
        List<byte[]> all = new ArrayList<>();
        long end = System.nanoTime() + timeout.toNanos();
        for (int rank : group.ranks()) {
            while (!Files.exists(folder.resolve(round + rank))) {
                check();
                if (System.nanoTime() > end) {
                    throw new RankFailedException(new RankFailure(rank, key, "did not come in time"));
                }
                pause();
            }
            all.add(read(round + rank));
        }
        return all;
    }

    @Override
    public void fail(RankFailure failure) {
        write("failure", (failure.rank() + "\n" + failure.phase() + "\n" + failure.message()).getBytes());
    }

    @Override
    public Optional<RankFailure> failure() {
        if (!Files.exists(folder.resolve("failure"))) {
            return Optional.empty();
        }
        String[] parts = new String(read("failure")).split("\n", 3);
        return Optional.of(new RankFailure(Integer.parseInt(parts[0]), parts[1], parts[2]));
    }

    private void write(String name, byte[] bytes) {
        try {
            Path part = Files.createTempFile(folder, "part", "");
            Files.write(part, bytes);
            Files.move(part, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] read(String name) {
        try {
            return Files.readAllBytes(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
