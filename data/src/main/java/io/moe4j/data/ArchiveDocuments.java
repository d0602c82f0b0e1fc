package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** The documents of all files in an archive, in the order of its directory; hidden files and folders are skipped. */
final class ArchiveDocuments implements DocumentReader {
    /** The largest depth of archives within archives; some files contain themselves. */
    private static final int DEEPEST = 4;
    /** The most characters of an entry's name in a message. Names in archives may have 65,535 bytes. */
    private static final int LONGEST_NAME = 300;

    private final String name;
    private final ZipFile archive;
    private final List<ZipEntry> entries;
    private final Reading reading;
    private final int depth;
    private int next;
    private String first;
    private @Nullable DocumentReader documents;

    private ArchiveDocuments(String name, ZipFile archive, List<ZipEntry> entries, Reading reading,
            int depth, Start start) {
        this.name = name;
        this.archive = archive;
        this.entries = entries;
        this.reading = reading;
        this.depth = depth;
        this.next = start.entry();
        this.first = start.position();
    }

    /**
     * Opens an archive. An archive that is not a file of its own is first copied into one, because its directory is at its end.
     *
     * @param position of a reader of the same archive; empty for the beginning
     * @param depth number of archives that contain it
     */
    @SuppressWarnings("MustBeClosedChecker") // the documents close it
    static DocumentReader open(String name, Content content, Reading reading, String position, int depth)
            throws IOException {
        if (depth >= DEEPEST) {
            throw new InputException(name + " is inside of " + depth + " archives, and at most " + (DEEPEST - 1)
                    + " are looked into; unpack it");
        }
        Optional<Path> file = content.file();
        Path path = file.isPresent() ? file.get() : Files.createTempFile("moe4j-archive-", ".zip");
        try {
            try (InputStream in = content.open()) {
                if (file.isEmpty()) {
                    Files.copy(in, path, StandardCopyOption.REPLACE_EXISTING);
                }
            }
            ZipFile archive = new ZipFile(path.toFile());
            List<ZipEntry> entries = archive.stream().map(ZipEntry.class::cast)
                    .filter(entry -> !entry.isDirectory() && !CorpusFile.isHidden(List.of(entry.getName().split("/"))))
                    .toList();
            if (entries.isEmpty()) {
                archive.close();
                throw new InputException(name + " is an archive without a file; remove it from the data");
            }
            try {
                return new ArchiveDocuments(name, archive, entries, reading, depth,
                        Start.of(name, position, entries.size()));
            } catch (RuntimeException e) {
                archive.close();
                throw e;
            }
        } catch (ZipException e) {
            throw new InputException(name + " is no whole zip archive (" + Shown.of(e.getMessage())
                    + "); make it again, or remove it from the data", e);
        } finally {
            if (file.isEmpty()) {
                // An open file stays readable after it is deleted.
                Files.deleteIfExists(path);
            }
        }
    }

    @Override
    public Optional<Document> next() throws IOException {
        while (documents != null || next < entries.size()) {
            DocumentReader current = documents != null ? documents : open(entries.get(next++), takeFirst());
            documents = current;
            Optional<Document> document = current.next();
            if (document.isPresent()) {
                return document;
            }
            current.close();
            documents = null;
        }
        return Optional.empty();
    }

    @Override
    public void checkHead() throws IOException {
        for (ZipEntry entry : entries) {
            next++;
            try (DocumentReader current = open(entry, "")) {
                documents = current;
                current.checkHead();
            }
        }
    }

    @Override
    public String position() {
        DocumentReader current = documents;
        if (current != null) {
            return next - 1 + "/" + current.position();
        }
        return next == 0 && first.isEmpty() ? "" : next + "/" + first;
    }

    @Override
    public String where() {
        DocumentReader current = documents;
        return current != null ? current.where() : next == 0 ? name : shown(entries.get(next - 1));
    }

    @Override
    public void close() throws IOException {
        try (archive; DocumentReader current = documents) {
            documents = null;
        }
    }

    private DocumentReader open(ZipEntry entry, String position) throws IOException {
        return new CorpusFile(shown(entry), () -> CheckedEntry.open(archive, entry)).open(reading, position,
                depth + 1);
    }

    /** The position in the first entry; empty for all later entries. */
    private String takeFirst() {
        String position = first;
        first = "";
        return position;
    }

    /**
     * A position in the archive.
     *
     * @param entry that is opened first
     * @param position in it
     */
    private record Start(int entry, String position) {
        private static final Pattern FORM = Pattern.compile("([0-9]{1,9})/(.*)");

        static Start of(String name, String position, int entries) {
            if (position.isEmpty()) {
                return new Start(0, "");
            }
            Matcher parts = FORM.matcher(position);
            if (!parts.matches() || Integer.parseInt(parts.group(1)) > entries) {
                throw new InputException(name + " has no position \"" + Shown.of(position) + "\": entry/position is"
                        + " expected, with one of its " + entries
                        + " entries; it was another file when the checkpoint was written");
            }
            return new Start(Integer.parseInt(parts.group(1)), parts.group(2));
        }
    }

    /** The entry's name for messages. A long name is shortened in the middle, because its end decides how the entry is read. */
    private String shown(ZipEntry entry) {
        String whole = entry.getName();
        return name + "!/" + (whole.length() <= LONGEST_NAME ? Shown.of(whole)
                : Shown.of(whole.substring(0, LONGEST_NAME / 2)) + "..."
                        + Shown.of(whole.substring(whole.length() - LONGEST_NAME / 2)));
    }
}
