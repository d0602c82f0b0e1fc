package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A checkpoint on the disk. Opening it makes the cheap checks: that the manifest is whole, that all files are there with their sizes, and that
 * they are of one step. {@link #verify} compares every byte.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class StoredCheckpoint {
    /** How many missing ranks a message names. */
    private static final int MOST_SHOWN = 20;

    private final Path folder;
    private final Progress progress;
    private final Map<Role, List<Path>> tensors;
    private final List<StoredPiece> pieces;
    private final boolean digested;

    StoredCheckpoint(Path folder, Progress progress, Map<Role, List<Path>> tensors, List<StoredPiece> pieces,
            boolean digested) {
        this.folder = folder;
        this.progress = progress;
        this.tensors = tensors;
        this.pieces = pieces;
        this.digested = digested;
    }

    /**
     * Opens a checkpoint, of this layout or of that of 0.1.
     *
     * @throws DamageException if it is not what was saved
     */
    public static StoredCheckpoint open(Path folder) {
        StoredCheckpoint opened = Files.exists(folder.resolve(Manifest.FILE)) || !OldLayout.isOne(folder)
                ? open(folder, Manifest.decode(read(folder.resolve(Manifest.FILE))))
                : OldLayout.open(folder);
        OptionalLong named = StepNames.step(folder, "").isPresent() ? StepNames.step(folder, "")
                : StepNames.step(folder, StepNames.OLD);
        if (named.isPresent() && named.getAsLong() != opened.progress.step()) {
            throw new DamageException(Progress.FILE + ": step " + named.getAsLong()
                    + " was expected, as the folder's name says, and " + opened.progress.step() + " found");
        }
        return opened;
    }

    private static StoredCheckpoint open(Path folder, Manifest manifest) {
        List<StoredPiece> pieces = new ArrayList<>();
        Map<Role, List<Path>> tensors = new EnumMap<>(Role.class);
        Map<String, PiecesFile.Content> contents = new HashMap<>();
        Progress progress = null;
        for (StoredFile file : manifest.files()) {
            requireSize(folder.resolve(file.name()), file.bytes());
            switch (file.role()) {
                case PROGRESS -> progress = Progress.decode(readDigested(folder, file));
                case PIECES -> contents.putAll(PiecesFile.decode(file.name(), readDigested(folder, file)).files());
                case WEIGHTS, FIRST_MOMENT, SECOND_MOMENT -> tensors
                        .computeIfAbsent(file.role(), ignored -> new ArrayList<>()).add(folder.resolve(file.name()));
            }
        }
        for (StoredFile file : manifest.files()) {
            if (file.role() != Role.PROGRESS && file.role() != Role.PIECES) {
                PiecesFile.Content content = contents.get(file.name());
                if (content == null || !Piece.digest(content.pieces()).equals(file.sha256())) {
                    throw new DamageException(Manifest.FILE + ": no file of digests has the pieces of " + file.name());
                }
                long at = 0;
                for (Piece piece : content.pieces()) {
                    pieces.add(new StoredPiece(folder.resolve(file.name()), file, at, piece));
                    at += piece.bytes();
                }
            }
        }
        Set<Integer> ranks = manifest.files().stream().filter(file -> file.role() == Role.PIECES)
                .flatMap(file -> file.ranks().stream()).collect(Collectors.toSet());
        List<Integer> missing = IntStream.range(0, manifest.world()).filter(rank -> !ranks.contains(rank))
                .limit(MOST_SHOWN).boxed().toList();
        if (!missing.isEmpty()) {
            throw new DamageException(Manifest.FILE + ": files of " + manifest.world()
                    + " ranks were expected, and those of " + Shown.ranks(missing) + " are not named");
        }
        if (progress == null || progress.step() != manifest.step()) {
            throw new DamageException(Progress.FILE + ": step " + manifest.step() + " was expected, and "
                    + (progress == null ? "there is no such file" : progress.step() + " found"));
        }
        return new StoredCheckpoint(folder, progress, tensors, pieces, true);
    }

    /** The checkpoint's folder. */
    public Path folder() {
        return folder;
    }

    /** The progress of the run when it was saved. */
    public Progress progress() {
        return progress;
    }

    /** Whether it has digests; checkpoints of 0.1 have none, so that changed values in them are not found. */
    public boolean isDigested() {
        return digested;
    }

    /** The files of tensors, of all processes that wrote some. */
    public List<Path> tensors(Role role) {
        return tensors.getOrDefault(role, List.of());
    }

    /** Size of all tensors. */
    public long bytes() {
        return pieces.stream().mapToLong(piece -> piece.piece().bytes()).sum();
    }

    /**
     * Reads every byte and compares it with its digest, on all cores.
     *
     * @throws DamageException if it is not what was saved
     */
    public void verify() {
        verify(Set.of(0), 1);
    }

    /**
     * Reads every byte of the weights, and compares it with its digest, on all cores.
     *
     * @throws DamageException if it is not what was saved
     */
    public void verifyWeights() {
        verify(pieces.stream().filter(piece -> piece.file().role() == Role.WEIGHTS).toList());
    }

    /**
     * Reads some shares of the checkpoint and compares them: with several processes, each takes some.
     *
     * @param mine the numbers of the shares to read, from 0
     * @param shares how many there are
     */
    public void verify(Set<Integer> mine, int shares) {
        verify(IntStream.range(0, pieces.size()).filter(i -> mine.contains(i % shares)).mapToObj(pieces::get).toList());
    }

    private static void verify(List<StoredPiece> some) {
        List<String> damages = some.parallelStream().flatMap(piece -> piece.damage().stream()).toList();
        if (!damages.isEmpty()) {
            throw new DamageException(damages.getFirst()
                    + (damages.size() == 1 ? "" : " (and " + (damages.size() - 1) + " more such pieces)"));
        }
    }

    static byte[] read(Path file) {
        try {
            requireFile(file);
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw Unreadable.damage(file.getFileName() + ": it", e);
        }
    }

    static void requireFile(Path file) {
        Unreadable.requireEntry(file);
        if (!Files.isRegularFile(file)) {
            throw new DamageException(file.getFileName() + ": a file was expected, and "
                    + (Files.exists(file) ? "it is none" : "there is none"));
        }
    }

    private static void requireSize(Path file, long bytes) {
        requireFile(file);
        try {
            long found = Files.size(file);
            if (found != bytes) {
                throw new DamageException(
                        file.getFileName() + ": " + bytes + " bytes were expected, and " + found + " found");
            }
        } catch (IOException e) {
            throw Unreadable.damage(file.getFileName() + ": it", e);
        }
    }

    private static byte[] readDigested(Path folder, StoredFile file) {
        byte[] bytes = read(folder.resolve(file.name()));
        String found = Sha256.of(bytes);
        if (!found.equals(file.sha256())) {
            throw new DamageException(
                    file.name() + ": the SHA-256 " + file.sha256() + " was expected, and " + found + " found");
        }
        return bytes;
    }
}
