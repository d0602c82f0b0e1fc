package io.moe4j.tests.compat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import japicmp.cmp.JApiCmpArchive;
import japicmp.cmp.JarArchiveComparator;
import japicmp.cmp.JarArchiveComparatorOptions;
import japicmp.model.AccessModifier;
import japicmp.model.JApiChangeStatus;
import japicmp.model.JApiClass;
import japicmp.model.JApiCompatibility;
import japicmp.model.JApiCompatibilityChange;
import japicmp.model.JApiConstructor;
import japicmp.model.JApiMethod;

/**
 * The changes between the exported types of a release and those of today that break a jar which was compiled against the release.
 *
 * @param types how many types of the release were compared
 * @param breaks one line for each: {@code TYPE[.MEMBER] KIND_OF_CHANGE}, sorted
 */
record ApiComparison(int types, List<String> breaks) {

    /**
     * Compares.
     *
     * @param released the record of the release, made by {@code build-support/RecordApi.java}
     * @param today the classes of today: a jar or a folder
     */
    static ApiComparison of(byte[] released, Path today) throws IOException {
        JarArchiveComparatorOptions options = new JarArchiveComparatorOptions();
        options.setAccessModifier(AccessModifier.PROTECTED);
        options.getIgnoreMissingClasses().setIgnoreAllMissingClasses(true);
        List<JApiClass> compared = new JarArchiveComparator(options).compare(
                new JApiCmpArchive(released, "released", "released.jar"),
                new JApiCmpArchive(jar(today), "today", "today.jar"));
        List<JApiClass> old = compared.stream().filter(type -> type.getChangeStatus() != JApiChangeStatus.NEW).toList();
        return new ApiComparison(old.size(), old.stream().flatMap(ApiComparison::breaks).sorted().distinct().toList());
    }

    private static Stream<String> breaks(JApiClass type) {
        String name = type.getFullyQualifiedName();
        List<String> found = new ArrayList<>(kinds(type).map(kind -> name + " " + kind).toList());
        type.getInterfaces().forEach(each -> kinds(each)
                .forEach(kind -> found.add(name + " implements " + each.getFullyQualifiedName() + " " + kind)));
        kinds(type.getSuperclass()).forEach(kind -> found.add(name + " extends " + kind));
        type.getFields()
                .forEach(each -> kinds(each).forEach(kind -> found.add(name + "." + each.getName() + " " + kind)));
        type.getMethods().forEach(
                each -> kinds(each).forEach(kind -> found.add(name + "." + signature(each) + " " + kind)));
        type.getConstructors().forEach(each -> kinds(each)
                .forEach(kind -> found.add(name + ".<init>(" + parameters(each) + ") " + kind)));
        return found.stream();
    }

    private static Stream<String> kinds(JApiCompatibility element) {
        return element.getCompatibilityChanges().stream()
                .filter(change -> !change.isBinaryCompatible() || addsWork(change))
                .map(change -> change.getType().name());
    }

    /** A further abstract method links, but fails when it is called, because a plug-in of the release does not have it. */
    private static boolean addsWork(JApiCompatibilityChange change) {
        return switch (change.getType()) {
            case METHOD_ADDED_TO_INTERFACE, METHOD_ABSTRACT_ADDED_TO_CLASS, METHOD_NOW_ABSTRACT -> true;
            default -> false;
        };
    }

    private static String signature(JApiMethod method) {
        return method.getName() + "("
                + String.join(",", method.getParameters().stream().map(each -> simple(each.getType())).toList()) + ")";
    }

    private static String parameters(JApiConstructor constructor) {
        return String.join(",", constructor.getParameters().stream().map(each -> simple(each.getType())).toList());
    }

    private static String simple(String type) {
        return type.substring(type.lastIndexOf('.') + 1);
    }

    private static byte[] jar(Path classes) throws IOException {
        if (Files.isRegularFile(classes)) {
            return Files.readAllBytes(classes);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes); Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class")).sorted().toList()) {
                zip.putNextEntry(new ZipEntry(classes.relativize(file).toString()));
                Files.copy(file, zip);
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
