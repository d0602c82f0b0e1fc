package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The source of training text. Files are listed when it is opened, and read only when they are needed.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Corpus {
    private static final String PACKAGED = "/io/moe4j/data/corpus/moe4j-sources.zip";

    private final String name;
    private final List<Source> sources;
    private final BadLines badLines;

    private Corpus(String name, List<Source> sources, BadLines badLines) {
        this.name = name;
        this.sources = List.copyOf(sources);
        this.badLines = badLines;
    }

    /** As {@link #open(Optional, BadLines)}; a bad line ends the run. */
    public static Corpus open(Optional<Path> path) {
        return open(path, BadLines.FAIL);
    }

    /**
     * Lists the files of a corpus.
     *
     * @param path a file or a folder. A folder is searched with all its subfolders, except hidden ones; links are followed. A name that ends with
     *     {@code .jsonl} or {@code .ndjson} has a document in each line, {@code .json} has a list of them, {@code .zip} and {@code .jar} are
     *     archives of files; any other file is one text. If absent, the packaged sources of this project are used
     * @param badLines what happens with lines of JSONL files that have no text
     * @throws InputException if there is nothing to read, or an entry that is not a file
     */
    public static Corpus open(Optional<Path> path, BadLines badLines) {
        return path.map(given -> of(given, badLines)).orElseGet(() -> packaged(badLines));
    }

    /** Its name for people. */
    public String name() {
        return name;
    }

    /**
     * Checks that there is enough text for one step; reads no more than needed for that.
     *
     * @param needed tokens of one step, all ranks together
     * @throws InputException if there is too little text, or it cannot be read
     */
    public void require(Tokenizer tokenizer, long needed) {
        try (TokenStream tokens = new TokenStream(sources, tokenizer, new Reading(badLines, false))) {
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

    /**
     * Checks the beginning of every file, so that a file that is not text is reported at once, and not hours later.
     *
     * @throws InputException for the first file that cannot be read
     */
    public void checkHeads() {
        for (Source source : sources) {
            String where = source.name();
            try (Documents documents = source.open(new Reading(badLines, false))) {
                try {
                    documents.checkHead();
                } catch (IOException e) {
                    where = documents.where();
                    throw e;
                }
            } catch (IOException e) {
                throw Source.unreadable(where, e);
            }
        }
    }

    List<Source> sources() {
        return sources;
    }

    BadLines badLines() {
        return badLines;
    }

    private static Corpus packaged(BadLines badLines) {
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
        })), badLines);
    }

    private static Corpus of(Path path, BadLines badLines) {
        if (!Files.exists(path)) {
            throw new InputException(path + (Files.isSymbolicLink(path) ? " is a link to something that does not exist"
                    : " does not exist") + "; give a text file, a .jsonl file, or a folder of them");
        }
        boolean folder = Files.isDirectory(path);
        if (!folder) {
            FileTree.requireFile(path);
        }
        List<Path> files = folder ? FileTree.files(path) : List.of(path);
        if (files.isEmpty()) {
            throw new InputException(path + " has no files; give a folder with text files");
        }
        return new Corpus(path.toString(),
                files.stream().map(file -> new Source(file.toString(), FileContent.of(file))).toList(), badLines);
    }
}
