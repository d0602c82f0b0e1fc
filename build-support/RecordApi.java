import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.SourceFileAttribute;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;

/**
 * Records what a jar exports, for the comparison of a later build with it: the types of its exported packages, with all that other modules can link with,
 * and without code. A tenth of the jar.
 *
 * <p>{@code java build-support/RecordApi.java api/target/moe4j-api-0.2.0.jar tests/compat/src/test/resources/io/moe4j/tests/compat/0.2.0/moe4j-api.jar}
 */
public final class RecordApi {

    private RecordApi() {}

    /** The jar to read, and the one to write. */
    public static void main(String... arguments) throws IOException {
        Path from = Path.of(arguments[0]);
        Path to = Path.of(arguments[1]);
        TreeMap<String, byte[]> kept = new TreeMap<>();
        try (JarFile jar = new JarFile(from.toFile())) {
            ModuleDescriptor module = ModuleDescriptor.read(jar.getInputStream(jar.getEntry("module-info.class")));
            Set<String> folders = module.exports().stream().filter(export -> !export.isQualified())
                    .map(export -> export.source().replace('.', '/')).collect(Collectors.toSet());
            for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements();) {
                String name = entries.nextElement().getName();
                if (name.endsWith(".class") && name.contains("/") && !name.endsWith("package-info.class")
                        && folders.contains(name.substring(0, name.lastIndexOf('/')))) {
                    byte[] bytes = jar.getInputStream(jar.getEntry(name)).readAllBytes();
                    if (!isAnonymous(name)) {
                        kept.put(name, withoutCode(bytes));
                    }
                }
            }
        }
        Files.createDirectories(to.toAbsolutePath().getParent());
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(to))) {
            out.setLevel(9);
            for (var entry : kept.entrySet()) {
                ZipEntry header = new ZipEntry(entry.getKey());
                header.setTime(0);
                out.putNextEntry(header);
                out.write(entry.getValue());
                out.closeEntry();
            }
        }
        System.out.println(kept.size() + " types, " + Files.size(to) + " bytes: " + to);
    }

    private static boolean isAnonymous(String name) {
        return name.matches(".*\\$\\d+\\.class");
    }

    private static byte[] withoutCode(byte[] bytes) {
        ClassFile files = ClassFile.of(ClassFile.ConstantPoolSharingOption.NEW_POOL);
        ClassModel type = files.parse(bytes);
        ClassTransform strip = (builder, element) -> {
            switch (element) {
                case MethodModel method -> {
                    if (isVisible(method.flags().flags()) && !method.flags().has(AccessFlag.SYNTHETIC)
                            || method.flags().has(AccessFlag.BRIDGE)) {
                        builder.transformMethod(method, (target, part) -> {
                            if (!(part instanceof CodeModel)) {
                                target.with(part);
                            }
                        });
                    }
                }
                case FieldModel field -> {
                    if (isVisible(field.flags().flags())) {
                        builder.with(field);
                    }
                }
                case SourceFileAttribute source -> {}
                default -> builder.with(element);
            }
        };
        return files.transformClass(type, strip);
    }

    private static boolean isVisible(Set<AccessFlag> flags) {
        return flags.contains(AccessFlag.PUBLIC) || flags.contains(AccessFlag.PROTECTED);
    }
}
