package io.moe4j.data;

import io.moe4j.api.text.SourceInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A file as providers see it. If a provider needs a file on the disk and there is none, the bytes are copied into a temporary one. */
final class UnpackedInput implements SourceInput {
    private final String name;
    private final String shownName;
    private final Content content;
    private @Nullable Path copy;

    /**
     * A file.
     *
     * @param name its name after unpacking
     * @param shownName its name in its folder or archive
     * @param content its unpacked bytes
     */
    UnpackedInput(String name, String shownName, Content content) {
        this.name = name;
        this.shownName = shownName;
        this.content = content;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String shownName() {
        return shownName;
    }

    @Override
    public InputStream open(long from) throws IOException {
        return content.open(from);
    }

    @Override
    public Path file() throws IOException {
        Optional<Path> file = content.file();
        if (file.isPresent()) {
            // Opening it throws if the file has changed.
            content.open().close();
            return file.get();
        }
        Path existing = copy;
        if (existing != null) {
            return existing;
        }
        Path created = Files.createTempFile("moe4j-unpacked-", ".tmp");
        copy = created;
        try (InputStream in = content.open()) {
            Files.copy(in, created, StandardCopyOption.REPLACE_EXISTING);
        }
        return created;
    }

    /** Removes the copy, if there is one. */
    void removeCopy() throws IOException {
        if (copy != null) {
            Files.deleteIfExists(copy);
            copy = null;
        }
    }
}
