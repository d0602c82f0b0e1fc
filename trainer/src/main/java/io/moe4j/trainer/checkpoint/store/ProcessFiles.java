package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import io.moe4j.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files of a checkpoint that one process writes: one for each role, and one with their digests.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ProcessFiles implements AutoCloseable {
    private final CheckpointStore store;
    private final long step;
    private final List<Integer> ranks;
    private final List<Written> written = new ArrayList<>();

    private record Written(String name, Role role, DigestedOutput output, SafetensorsWriter writer) {}

    /** @param ranks the ranks of this process, ascending */
    public ProcessFiles(CheckpointStore store, long step, List<Integer> ranks) {
        this.store = store;
        this.step = step;
        this.ranks = List.copyOf(ranks);
    }

    /** Begins a file in the unfinished checkpoint. */
    public SafetensorsWriter create(Role role, List<SafetensorsWriter.Declaration> tensors) throws IOException {
        String name = PiecesFile.name(role, ranks.getFirst());
        Path path = store.part(step).resolve(name);
        DigestedOutput output = new DigestedOutput(name, store.files().create(path));
        SafetensorsWriter writer = SafetensorsWriter.create(path, output, tensors,
                StoredPiece.metadata(role, step, ranks));
        written.add(new Written(name, role, output, writer));
        return writer;
    }

    /**
     * Makes all files durable, and writes their digests.
     *
     * @return the files and digests that the first rank's process must find in the folder
     */
    public Receipt commit() throws IOException {
        Map<String, PiecesFile.Content> contents = new TreeMap<>();
        for (Written file : written) {
            file.writer.commit();
            contents.put(file.name, new PiecesFile.Content(file.role, file.output.pieces()));
        }
        byte[] digests = new PiecesFile(ranks, contents).encode();
        String name = PiecesFile.name(Role.PIECES, ranks.getFirst());
        store.write(store.part(step).resolve(name), digests);
        store.files().forceFolder(store.part(step));
        return new Receipt(ThisHost.name(), new StoredFile(name, Role.PIECES, step, ranks, digests.length,
                Sha256.of(digests)));
    }

    @Override
    public void close() {
        written.forEach(file -> file.writer.close());
    }
}
