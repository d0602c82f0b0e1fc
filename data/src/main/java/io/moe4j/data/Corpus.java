package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.host.UnreadableFile;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.Tokenizer;
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
    /** Its name for people, in the singular, as in "... has 7,413,741 tokens". */
    static final String PACKAGED_NAME = "the archive of the packaged sources";
    private static final String PACKAGED = "/io/moe4j/data/corpus/moe4j-sources.zip";

    private final String name;
    private final Optional<Path> root;
    private final List<CorpusFile> files;
    private final CorpusOptions options;

    private Corpus(String name, Optional<Path> root, List<CorpusFile> files, CorpusOptions options) {
        this.name = name;
        this.root = root;
        this.files = List.copyOf(files);
        this.options = options;
    }

    /** As {@link #open(Optional, CorpusOptions)}; a bad line ends the run. */
    public static Corpus open(Optional<Path> path) {
        return open(path, CorpusOptions.DEFAULT);
    }

    /** As {@link #open(Optional, CorpusOptions)}, with this rule for bad lines. */
    public static Corpus open(Optional<Path> path, BadLines badLines) {
        return open(path, CorpusOptions.DEFAULT.withBadLines(badLines));
    }

    /**
     * Lists the files of a corpus.
     *
     * @param path a file or a folder. A folder is searched with all its subfolders, except hidden ones; links are followed. A file whose name ends with
     *     {@code .gz} or {@code .zst} is unpacked, and read according to the rest of its name: {@code .zip} and {@code .jar} are archives of files; providers
     *     of formats read others, such as {@code .jsonl}; any other file is one text. If absent, the packaged sources of this project are used
     * @throws InputException if there is nothing to read, or an entry that is not a file
     */
    public static Corpus open(Optional<Path> path, CorpusOptions options) {
        return path.map(given -> of(given, options)).orElseGet(() -> packaged(options));
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
        TextAmount seen = amount(tokenizer, needed, DocumentSplit.NONE);
        if (seen.tokens() < needed) {
            throw new InputException(seen.tokens() == 0
                    ? name + " has no text" + seen.leftOut() + "; give files that are not empty"
                    : name + " has " + Shown.count(seen.tokens(), "token") + seen.leftOut()
                            + ", and one step of all ranks needs " + needed
                            + "; give more text, or lower training.seq_len, training.local_batch_size or ranks");
        }
    }

    /** The number of its tokens, if that is below {@code enough}; otherwise any number of at least {@code enough}. Reads no more than needed for that. */
    TextAmount amount(Tokenizer tokenizer, long enough, DocumentSplit split) {
        try (DocumentStream tokens = new DocumentStream(files, tokenizer, new Reading(options, false), split,
                DocumentStream.Place.BEGINNING)) {
            int[] buffer = new int[1 << 12];
            long seen = 0;
            for (int read = 0; read >= 0 && seen < enough; seen += Math.max(read, 0)) {
                read = tokens.read(buffer, 0, buffer.length);
            }
            return new TextAmount(seen, tokens.counts().badLines());
        }
    }

    /**
     * Checks the beginning of every file, so that a file that is not text is reported at once, and not hours later.
     *
     * @throws InputException for the first file that cannot be read
     */
    public void checkHeads() {
        for (CorpusFile file : files) {
            String where = file.name();
            try (DocumentReader documents = file.open(new Reading(options, false))) {
                try {
                    documents.checkHead();
                } catch (IOException e) {
                    where = documents.where();
                    throw e;
                }
            } catch (IOException e) {
                throw CorpusFile.unreadable(where, e);
            }
        }
    }

    List<CorpusFile> files() {
        return files;
    }

    CorpusOptions options() {
        return options;
    }

    /** The folder to which file names are relative; absent for the packaged sources. */
    Optional<Path> root() {
        return root;
    }

    private static Corpus packaged(CorpusOptions options) {
        if (Corpus.class.getResource(PACKAGED) == null) {
            throw new InputException(
                    "the packaged corpus is missing; build with Maven, which makes it, or set data.path");
        }
        return new Corpus(PACKAGED_NAME, Optional.empty(), List.of(new CorpusFile("moe4j-sources.zip", () -> {
            InputStream in = Corpus.class.getResourceAsStream(PACKAGED);
            if (in == null) {
                throw new IOException("the packaged corpus is missing");
            }
            return in;
        })), options);
    }

    /** For paths that are none: URLs, of which a path keeps one slash, patterns and lists. */
    private static String hint(Path path) {
        String text = path.toString();
        return text.matches("[a-z0-9]+:/.*") ? "; nothing is downloaded: fetch it first"
                : text.contains("*") || text.contains(",")
                        ? "; several are given as a folder, or as [data.sources] (docs/data.md)"
                        : "";
    }

    private static Corpus of(Path path, CorpusOptions options) {
        if (!Files.exists(path)) {
            UnreadableFile.requireReachable(path);
            throw new InputException(path + (Files.isSymbolicLink(path) ? " is a link to something that does not exist"
                    : " does not exist") + "; give a text file, a .jsonl file, or a folder of them" + hint(path));
        }
        boolean folder = Files.isDirectory(path);
        if (!folder) {
            FileTree.requireFile(path);
        }
        List<Path> files = folder ? FileTree.files(path) : List.of(path);
        if (files.isEmpty()) {
            throw new InputException(path + " has no files; give a folder with text files");
        }
        return new Corpus(path.toString(), Optional.of(folder ? path : path.resolveSibling("")),
                files.stream().map(file -> new CorpusFile(file.toString(), FileContent.of(file))).toList(), options);
    }
}
