package io.moe4j.trainer.plugins;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.Stream;

/**
 * The class loader of a plug-in jar if moe4j is on a class path. It presents the {@code provides} clauses of the jar's {@code module-info} as files in
 * {@code META-INF/services}, so that a modular jar need not have both.
 */
final class PluginClassLoader extends URLClassLoader {
    private static final String SERVICES = "META-INF/services/";

    private final PluginJar jar;

    PluginClassLoader(PluginJar jar, ClassLoader host) {
        super(jar.path().getFileName().toString(), urls(jar), host);
        this.jar = jar;
    }

    PluginJar jar() {
        return jar;
    }

    @Override
    public Enumeration<URL> findResources(String name) throws IOException {
        Enumeration<URL> found = super.findResources(name);
        if (found.hasMoreElements() || !name.startsWith(SERVICES)) {
            return found;
        }
        List<String> providers = jar.providers(name.substring(SERVICES.length()));
        return providers.isEmpty() ? found : Collections.enumeration(List.of(text(name, String.join("\n", providers))));
    }

    private static URL text(String name, String text) throws MalformedURLException {
        return URL.of(URI.create("moe4j:" + name), new URLStreamHandler() {
            @Override
            protected URLConnection openConnection(URL url) {
                return new URLConnection(url) {
                    @Override
                    public void connect() {
                        // There is nothing to connect to: the content is in memory.
                    }

                    @Override
                    public InputStream getInputStream() {
                        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
                    }
                };
            }
        });
    }

    private static URL[] urls(PluginJar jar) {
        return Stream.concat(Stream.of(jar.path()), jar.beside().stream()).distinct().map(PluginClassLoader::url)
                .toArray(URL[]::new);
    }

    private static URL url(Path path) {
        try {
            return path.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new UncheckedIOException(e);
        }
    }
}
