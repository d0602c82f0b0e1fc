package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Completes a checkpoint, in the first rank's process: it checks that every process's files are in the folder, with their sizes and digests, before it
 * writes the manifest.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Completion {
    private final CheckpointStore store;
    private final Duration patience;

    public Completion(CheckpointStore store) {
        this(store, SharedFolder.PATIENCE);
    }

    Completion(CheckpointStore store, Duration patience) {
        this.store = store;
        this.patience = patience;
    }

    /**
     * Completes the checkpoint of a step.
     *
     * @param receipts the receipts of all processes, each once
     * @return the checkpoint, which is durable
     */
    public Path complete(Progress progress, List<Receipt> receipts) throws IOException {
        Path part = store.part(progress.step());
        List<Integer> ranks = receipts.stream().flatMap(receipt -> receipt.ranks().stream()).sorted().toList();
        requireAll(progress, ranks);
        List<StoredFile> all = new ArrayList<>();
        for (Receipt receipt : receipts) {
            all.add(receipt.digests());
            await(part, receipt, receipt.digests());
            PiecesFile pieces = PiecesFile.decode(receipt.digests().name(),
                    StoredCheckpoint.read(part.resolve(receipt.digests().name())));
            for (StoredFile file : pieces.stored(progress.step())) {
                await(part, receipt, file);
                all.add(file);
            }
        }
        byte[] state = progress.encode();
        store.write(part.resolve(Progress.FILE), state);
        all.add(new StoredFile(Progress.FILE, Role.PROGRESS, progress.step(), ranks, state.length,
                Sha256.of(state)));
        store.write(part.resolve(Manifest.FILE), new Manifest(progress.step(), progress.ranks(), all).encode());
        return store.complete(progress.step());
    }

    private static void requireAll(Progress progress, List<Integer> ranks) throws IOException {
        List<Integer> missing = IntStream.range(0, progress.ranks()).boxed().filter(rank -> !ranks.contains(rank))
                .toList();
        if (!missing.isEmpty() || ranks.size() != progress.ranks()) {
            throw new IOException("the checkpoint of step " + progress.step() + " cannot be completed: of its "
                    + progress.ranks() + " ranks, " + (ranks.isEmpty() ? "none" : Shown.ranks(ranks))
                    + " reported written files, and "
                    + (missing.isEmpty() ? "none" : Shown.ranks(missing))
                    + " did not. Start all processes from the same build");
        }
    }

    private void await(Path part, Receipt receipt, StoredFile file) throws IOException {
        Optional<String> missing = SharedFolder.await(() -> missing(part, file), patience);
        if (missing.isPresent()) {
            throw new IOException(
                    "the files of " + Shown.ranks(receipt.ranks()) + " on " + receipt.host() + " are not in "
                            + part + " on " + ThisHost.name() + ": " + missing.get() + SharedFolder.REMEDY);
        }
    }

    private static Optional<String> missing(Path part, StoredFile file) throws IOException {
        Path path = part.resolve(file.name());
        if (!Files.isRegularFile(path)) {
            return Optional.of("there is no " + file.name());
        }
        if (Files.size(path) != file.bytes()) {
            return Optional.of(file.name() + " has " + Files.size(path) + " bytes, and " + file.bytes()
                    + " were written");
        }
        boolean differs = file.role() == Role.PIECES && !Sha256.of(Files.readAllBytes(path)).equals(file.sha256());
        return differs ? Optional.of(file.name() + " is another file") : Optional.empty();
    }
}
