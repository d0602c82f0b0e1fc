package io.moe4j.trainer.huggingface;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaultyFamilyTest {

    @TempDir
    private Path folder;

    /** A family that cannot say what it reads. */
    public static final class Faulty implements ModelProvider {
        @Override
        public String id() {
            return "faulty";
        }

        @Override
        public String spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public String description() {
            return "for this test";
        }

        @Override
        public Availability probe() {
            return Availability.available();
        }

        @Override
        public List<String> huggingFaceTypes() {
            throw new NullPointerException("no answer today");
        }

        @Override
        public List<String> flavors() {
            return List.of();
        }

        @Override
        public ModelSpec flavor(String name) {
            throw new IllegalArgumentException(name);
        }

        @Override
        public ModelSpec fromHuggingFace(Map<String, Object> config) {
            throw new IllegalArgumentException("none");
        }
    }

    /** The family may be the one that reads the folder, so that the refusal says what is wrong with it. */
    @Test
    void aFamilyThatCannotSayWhatItReadsIsNamedWhereNoOtherReadsTheFolder() throws IOException {
        Path services = Files.createDirectories(folder.resolve("services"));
        Files.writeString(services.resolve(ModelProvider.class.getName()), Faulty.class.getName());
        Registry.Builder builder = Registry.builder();
        builder.add(ModelProvider.class, ModelProvider.SPI_VERSION,
                ServiceLoader.load(ModelProvider.class, new OnlyThese(services)), "this test");
        Registry faulty = builder.build();
        assertTrue(faulty.all(ModelProvider.class).stream().anyMatch(family -> family.id().equals("faulty")));
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"acme\"}");
        String named = assertThrows(InputException.class, () -> FolderConfig.read(folder, faulty)).getMessage();
        assertTrue(named.contains("no model here reads that") && named.contains("the plug-in \"faulty\" failed in its"
                + " method huggingFaceTypes(): java.lang.NullPointerException: no answer today"), named);
        String plain = assertThrows(InputException.class, () -> FolderConfig.read(folder, Plugins.load(List.of())))
                .getMessage();
        assertTrue(plain.endsWith("add the plug-in that has it to --plugin-path"), plain);
    }

    /** Finds the providers that one folder names, outside any module, which is where {@code META-INF/services} counts. */
    private static final class OnlyThese extends ClassLoader {
        private final Path services;

        OnlyThese(Path services) {
            super(FaultyFamilyTest.class.getClassLoader());
            this.services = services;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.equals(Faulty.class.getName())) {
                return super.loadClass(name, resolve);
            }
            Class<?> known = findLoadedClass(name);
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = Objects.requireNonNull(in).readAllBytes();
                return known != null ? known : defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            Path file = services.resolve(name.substring(name.lastIndexOf('/') + 1));
            return Files.exists(file) ? Collections.enumeration(List.of(file.toUri().toURL()))
                    : Collections.emptyEnumeration();
        }
    }
}
