package io.moe4j.trainer.run;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputPlacesTest {

    @TempDir
    private Path output;

    private static TrainerConfig config(String... more) {
        return new ConfigLoader(Plugins.load(List.of())).load(NamedConfigs.DEFAULT,
                Arguments.of(more).overrides(), ConfigUse.planning());
    }

    /** With the control that what the run does not write does not stand in its way. */
    @ParameterizedTest
    @CsvSource({"checkpoints, file, checkpoint.enable=true, checkpoint.enable=false",
            "tensorboard, file, metrics.tensorboard=true, metrics.tensorboard=false",
            "report.html, folder, metrics.report=true, metrics.report=false",
            "layers.jsonl, folder, metrics.layers_every=1, metrics.layers_every=0",
            "profile-2-3.json, folder, profile.steps=2-3, profile.steps=3-4"})
    void whatStandsInTheWayIsTold(String name, String kind, String uses, String doesNot) throws IOException {
        Path path = output.resolve(name);
        if (kind.equals("file")) {
            Files.createFile(path);
        } else {
            Files.createDirectory(path);
        }
        String told = assertThrows(InputException.class, () -> OutputPlaces.require(config(uses), output))
                .getMessage();
        assertTrue(told.startsWith(path + " is a " + kind + ", and the run"), told);
        assertDoesNotThrow(() -> OutputPlaces.require(config(doesNot), output));
    }

    @Test
    void everythingIsToldAtOnceAndALinkToNothingToo() throws IOException {
        Files.createSymbolicLink(output.resolve("checkpoints"), output.resolve("nowhere"));
        Files.createDirectory(output.resolve("metrics.jsonl"));
        String told = assertThrows(InputException.class,
                () -> OutputPlaces.require(config("checkpoint.enable=true"), output)).getMessage();
        assertEquals(
                output.resolve("checkpoints") + " is a link to nothing, and the run's folder checkpoints goes there; "
                        + output.resolve("metrics.jsonl") + " is a folder, and the run writes a file of this name."
                        + " Remove or rename what stands there, or give another --output",
                told);
    }

    @Test
    void anEarlierRunsFolderAndOneThatIsNotThereAreFine() throws IOException {
        TrainerConfig all = config("checkpoint.enable=true", "metrics.tensorboard=true", "profile.steps=2-3");
        assertDoesNotThrow(() -> OutputPlaces.require(all, output.resolve("new")));
        Path elsewhere = Files.createDirectory(output.resolve("elsewhere"));
        Files.createSymbolicLink(output.resolve("checkpoints"), elsewhere);
        Files.createDirectory(output.resolve("tensorboard"));
        for (String name : List.of("metrics.jsonl", "report.html", "profile-2-3.json", "run.json")) {
            Files.createFile(output.resolve(name));
        }
        assertDoesNotThrow(() -> OutputPlaces.require(all, output));
        Path file = Files.createFile(output.resolve("file"));
        assertThrows(InputException.class, () -> OutputPlaces.require(all, file));
    }
}
