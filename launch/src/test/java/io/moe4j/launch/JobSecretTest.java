package io.moe4j.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the secret of a job comes from, and what is not accepted as one. */
class JobSecretTest {
    private static final Endpoint LOOPBACK = new Endpoint("127.0.0.1", 29500);
    private static final Endpoint ELSEWHERE = new Endpoint("node1", 29500);
    private static final String TEXT = "0123456789abcdef";

    @TempDir
    private Path home;

    @Test
    void theVariableComesFirst() {
        JobSecret secret = JobSecret.resolve(Map.of(JobSecret.VARIABLE, " " + TEXT + "\n"), home, true, ELSEWHERE);
        assertArrayEquals(JobSecret.of(TEXT).bytes(), secret.bytes());
        assertFalse(secret.toString().contains(TEXT), "it is not shown");
        assertFalse(Files.exists(home.resolve(".local")), "nothing was made");
    }

    @Test
    void aFileOfMode600IsRead() throws Exception {
        Path file = file("rw-------", TEXT + "\n");
        assertArrayEquals(JobSecret.of(TEXT).bytes(), resolve(file).bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw-rw-rw-"})
    void aFileThatOthersCanReadIsRefused(String mode) throws Exception {
        Path file = file(mode, TEXT);
        LaunchException refused = assertThrows(LaunchException.class, () -> resolve(file));
        assertTrue(refused.getMessage().contains("chmod 600") && refused.getMessage().contains(file.toString()),
                refused.getMessage());
    }

    @Test
    void whatCannotBeASecretIsRefused() throws Exception {
        assertRefused(Map.of(JobSecret.VARIABLE, "short"), "has 5 characters");
        assertRefused(Map.of(JobSecret.FILE_VARIABLE, home.resolve("none").toString()), "there is no such file");
        assertRefused(Map.of(JobSecret.FILE_VARIABLE, home.toString()), "no ordinary file");
        assertRefused(Map.of(JobSecret.FILE_VARIABLE, file("rw-------", "").toString()), "has 0 characters");
        assertRefused(Map.of(JobSecret.VARIABLE, TEXT, JobSecret.FILE_VARIABLE, "x"), "are both set");
    }

    @Test
    void withoutAWordAllProcessesOfAUserHaveTheSecretOfItsHome() throws Exception {
        List<Future<JobSecret>> secrets = new ArrayList<>();
        try (ExecutorService processes = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 8; i++) {
                secrets.add(processes.submit(() -> JobSecret.resolve(Map.of(), home, false, ELSEWHERE)));
            }
        }
        for (Future<JobSecret> secret : secrets) {
            assertArrayEquals(secrets.getFirst().get().bytes(), secret.get().bytes());
        }
        Path file = home.resolve(".local/state/moe4j/secret");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(65, Files.size(file));
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertEquals(List.of(file), files.toList(), "nothing else is left");
        }
        assertFalse(Arrays.equals(secrets.getFirst().get().bytes(),
                JobSecret.resolve(Map.of("XDG_STATE_HOME", home.resolve("other").toString()), home, false, ELSEWHERE)
                        .bytes()),
                "another user has another one");
    }

    /** The file is there, but others may have read it: using no secret instead would be worse. */
    @Test
    void anOwnSecretThatOthersCanReadIsRefusedAlsoOnLoopback() throws Exception {
        JobSecret.resolve(Map.of(), home, false, LOOPBACK);
        Path file = home.resolve(".local/state/moe4j/secret");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThrows(LaunchException.class, () -> JobSecret.resolve(Map.of(), home, false, LOOPBACK));
    }

    @Test
    void withoutAHomeOnlyLoopbackDoesWithoutASecret() throws Exception {
        Path none = Files.createFile(home.resolve("a file"));
        assertEquals(JobSecret.Source.NONE, JobSecret.resolve(Map.of(), none, false, LOOPBACK).source());
        LaunchException refused = assertThrows(LaunchException.class,
                () -> JobSecret.resolve(Map.of(), none, false, ELSEWHERE));
        assertTrue(refused.getMessage().contains(JobSecret.VARIABLE)
                && refused.getMessage().contains("runtime.allow_no_secret"), refused.getMessage());
        assertEquals(JobSecret.Source.NONE, JobSecret.resolve(Map.of(), none, true, ELSEWHERE).source());
    }

    private JobSecret resolve(Path file) {
        return JobSecret.resolve(Map.of(JobSecret.FILE_VARIABLE, file.toString()), home, false, ELSEWHERE);
    }

    private void assertRefused(Map<String, String> environment, String reason) {
        LaunchException refused = assertThrows(LaunchException.class,
                () -> JobSecret.resolve(environment, home, false, ELSEWHERE));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    }

    private Path file(String mode, String text) throws IOException {
        Path file = Files.createTempFile(home, "secret", ".txt");
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        return file;
    }
}
