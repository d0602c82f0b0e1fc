package io.moe4j.api.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnershipTest {
    private final Ownership mine = Ownership.ofThisProcess();
    private final Ownership ofAnother = Ownership.of(mine.user() + 4711);

    @TempDir
    Path temporary;
    private Path folder;

    @BeforeEach
    void realPath() throws IOException {
        folder = temporary.toRealPath();
    }

    @Test
    void whatOnlyThisUserCanWriteIsTrusted() throws IOException {
        Path file = mode(Files.createFile(folder.resolve("plugin.jar")), "rw-r--r--");
        assertEquals(Optional.empty(), mine.writableByAll(file));
        assertEquals(Optional.empty(), mine.writableByAnother(file));
        mode(file, "rw-rw-r--");
        assertEquals(Optional.empty(), mine.writableByAll(file));
        assertEquals(Optional.of(file + " can be written by its group (mode 664)"), mine.writableByAnother(file));
    }

    @Test
    void whatAllUsersCanWriteIsNot() throws IOException {
        Path file = mode(Files.createFile(folder.resolve("plugin.jar")), "rw-rw-rw-");
        assertEquals(Optional.of(file + " can be written by all users (mode 666)"), mine.writableByAll(file));
        assertEquals(mine.writableByAll(file), mine.writableByAnother(file));
    }

    @Test
    void aFolderAboveCounts() throws IOException {
        Path open = mode(Files.createDirectory(folder.resolve("open")), "rwxrwxrwx");
        Path file = Files.createFile(Files.createDirectory(open.resolve("closed")).resolve("plugin.jar"));
        mode(file, "rw-------");
        assertEquals(Optional.of(open + " can be written by all users (mode 777)"), mine.writableByAll(file));
        // With the sticky bit, which /tmp has, other users can create files there, but cannot replace files of this user.
        Files.setAttribute(open, "unix:mode", 01777);
        assertEquals(Optional.empty(), mine.writableByAll(file));
        assertEquals(Optional.of(open + " can be written by all users (mode 1777)"), mine.writableByAll(open));
    }

    @Test
    void linksAreFollowed() throws IOException {
        Path file = mode(Files.createFile(folder.resolve("real.jar")), "rw-rw-rw-");
        Path link = Files.createSymbolicLink(folder.resolve("link.jar"), file);
        assertTrue(mine.writableByAll(link).orElseThrow().startsWith(file + " can be written"));
    }

    @Test
    void anotherUsersFileIsNotTrusted() throws IOException {
        Path file = mode(Files.createFile(folder.resolve("plugin.jar")), "rw-r--r--");
        if (mine.user() == 0) {
            Files.setAttribute(file, "unix:uid", 4711);
            assertTrue(mine.writableByAnother(file).orElseThrow()
                    .startsWith(file + " belongs to user 4711, and this process runs as user 0"));
            assertTrue(mine.notPrivate(file).isPresent());
        } else {
            assertTrue(ofAnother.writableByAnother(file).orElseThrow()
                    .contains(" belongs to user " + mine.user() + ", and this process runs as user "));
        }
    }

    @Test
    void privateFilesAreOfThisUserAlone() throws IOException {
        Path file = mode(Files.createFile(folder.resolve("private")), "rw-------");
        assertEquals(Optional.empty(), mine.notPrivate(file));
        assertTrue(ofAnother.notPrivate(file).orElseThrow().startsWith("it belongs to user " + mine.user()));
        assertEquals("its mode is 640 and should be 600",
                mine.notPrivate(mode(file, "rw-r-----")).orElseThrow());
        assertEquals("it is no ordinary file", mine.notPrivate(folder).orElseThrow());
    }

    @Test
    void nativeLibrariesGoWhereOnlyThisUserWrites() throws IOException {
        Path good = folder.resolve("cache/moe4j/natives");
        Path opened = natives(List.of(good)).open();
        assertEquals(good, opened);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(good)));
        assertEquals(good, natives(List.of(good)).open());
    }

    @Test
    void aPlantedFolderIsPassedBy() throws IOException {
        Path planted = Files.createDirectory(folder.resolve("planted"));
        Files.writeString(planted.resolve("libopenblas.so"), "evil");
        for (String mode : List.of("rwxrwxrwx", "rwxrwxr-x")) {
            mode(planted, mode);
            Path opened = natives(List.of(planted)).open();
            assertTrue(opened.getFileName().toString().startsWith("moe4j-natives-"), opened.toString());
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(opened)));
            DeviceException refused = assertThrows(DeviceException.class,
                    () -> natives(List.of()).requirePrivate(planted));
            assertTrue(refused.getMessage().contains(planted + " can be written by "), refused.getMessage());
        }
    }

    @Test
    void aTemporaryFolderThatIsOpenToAllIsRefused() throws IOException {
        mode(folder, "rwxrwxrwx");
        String message = assertThrows(DeviceException.class, () -> natives(List.of()).open()).getMessage();
        assertTrue(message.contains(folder + " can be written by all users (mode 777)"), message);
        assertFalse(message.contains("null"));
    }

    private NativesFolder natives(List<Path> candidates) {
        return new NativesFolder(mine, candidates, folder);
    }

    private static Path mode(Path file, String mode) throws IOException {
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }
}
