package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where text comes from. Files are listed, and read only when they are needed. */
@Stability(Stability.Level.EVOLVING)
public final class Corpus {
    private static final String PACKAGED = "/io/moe4j/data/corpus/moe4j-sources.zip";

    private final String name;
    private final List<Source> sources;

    private Corpus(String name, List<Source> sources) {
        this.name = name;
        this.sources = List.copyOf(sources);
    }

    /**
     * Lists what there is.
     *
     * @param path a text file, a {@code .jsonl} file, a {@code .zip} or {@code .jar} of text files, or a folder of all these, looked through
     *        with all its folders but hidden ones; the packaged sources of this project if absent
     * @throws InputException if there is nothing to read
     */
    public static Corpus open(Optional<Path> path) {
        return path.map(Corpus::of).orElseGet(Corpus::packaged);
    }

    /** Its name for people. */
    public String name() {
        return name;
    }

    /**
     * Checks that there is enough to train on; reads no more than that.
     *
     * @param needed tokens of one step, all ranks together
     * @throws InputException if there is not, or it cannot be read
     */
    public void require(Tokenizer tokenizer, long needed) {
        try (TokenStream tokens = new TokenStream(sources, tokenizer)) {
            int[] buffer = new int[1 << 12];
            long seen = 0;
            for (int read = 0; read >= 0 && seen < needed; seen += Math.max(read, 0)) {
                read = tokens.read(buffer, 0, buffer.length);
            }
            if (seen < needed) {
                throw new InputException(seen == 0 ? name + " has no text; give files that are not empty"
                        : name + " has " + seen + " tokens, and one step of all ranks needs " + needed
                                + "; give more text, or lower training.seq_len, training.local_batch_size or ranks");
            }
        }
    }

    List<Source> sources() {
        return sources;
    }

    private static Corpus packaged() {
        if (Corpus.class.getResource(PACKAGED) == null) {
            throw new InputException(
                    "the packaged corpus is missing; build with Maven, which makes it, or set data.path");
        }
        return new Corpus("the packaged sources", List.of(new Source("moe4j-sources.zip", () -> {
            InputStream in = Corpus.class.getResourceAsStream(PACKAGED);
            if (in == null) {
                throw new IOException("the packaged corpus is missing");
            }
            return in;
        })));
    }

    private static Corpus of(Path path) {
        if (!Files.exists(path)) {
            throw new InputException(path + " does not exist; give a text file, a .jsonl file, or a folder of them");
        }
        List<Path> files = Files.isDirectory(path) ? list(path) : List.of(path);
        if (files.isEmpty()) {
            throw new InputException(path + " has no files; give a folder with text files");
        }
        files.stream().filter(file -> !Files.isReadable(file)).findFirst().ifPresent(file -> {
            throw new InputException(file + " cannot be read; see to it that you may read it");
        });
        return new Corpus(path.toString(), files.stream()
                .map(file -> new Source(file.toString(), () -> Files.newInputStream(file))).toList());
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).filter(file -> !isHidden(folder.relativize(file))).sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new InputException(folder + " cannot be listed; see to it that you may read it and its folders", e);
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }
}
