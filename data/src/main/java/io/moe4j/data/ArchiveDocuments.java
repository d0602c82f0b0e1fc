package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** The documents of all files in an archive, in the order of its directory; hidden files and folders are skipped. */
final class ArchiveDocuments implements Documents {
    /** Archives may contain archives, up to this depth: there are archives that contain themselves. */
    private static final int DEEPEST = 4;
    /** The most characters of an entry's name in a message. Names in archives may have 65,535 bytes. */
    private static final int LONGEST_NAME = 300;

    private final String name;
    private final ZipFile archive;
    private final List<ZipEntry> entries;
    private final Reading reading;
    private final int depth;
    private int next;
    private @Nullable Documents documents;

    private ArchiveDocuments(String name, ZipFile archive, List<ZipEntry> entries, Reading reading, int depth) {
        this.name = name;
        this.archive = archive;
        this.entries = entries;
        this.reading = reading;
        this.depth = depth;
    }

    /**
     * Opens an archive. An archive that is not a file of its own is first copied into one, because its directory is at its end.
     *
     * @param depth number of archives that contain it
     */
    @SuppressWarnings("MustBeClosedChecker") // the documents close it
    static Documents open(String name, Content content, Reading reading, int depth) throws IOException {
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
                    .filter(entry -> !entry.isDirectory() && !Source.isHidden(List.of(entry.getName().split("/"))))
                    .toList();
            if (entries.isEmpty()) {
                archive.close();
                throw new InputException(name + " is an archive without a file; remove it from the data");
            }
            return new ArchiveDocuments(name, archive, entries, reading, depth);
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
    public Optional<InputStream> next() throws IOException {
        while (documents != null || next < entries.size()) {
            Documents current = documents != null ? documents : open(entries.get(next++));
            documents = current;
            Optional<InputStream> document = current.next();
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
            try (Documents current = open(entry)) {
                documents = current;
                current.checkHead();
            }
        }
    }

    @Override
    public String where() {
        Documents current = documents;
        return current != null ? current.where() : next == 0 ? name : shown(entries.get(next - 1));
    }

    @Override
    public void close() throws IOException {
        try (archive; Documents current = documents) {
            documents = null;
        }
    }

    private Documents open(ZipEntry entry) throws IOException {
        return new Source(shown(entry), () -> CheckedEntry.open(archive, entry)).open(reading,
                depth + 1);
    }

    /** The entry's name for messages. A long name is cut in the middle, since its end decides how the entry is read. */
    private String shown(ZipEntry entry) {
        String whole = entry.getName();
        return name + "!/" + (whole.length() <= LONGEST_NAME ? Shown.of(whole)
                : Shown.of(whole.substring(0, LONGEST_NAME / 2)) + "..."
                        + Shown.of(whole.substring(whole.length() - LONGEST_NAME / 2)));
    }
}
