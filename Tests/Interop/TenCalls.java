import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Calls the function ten times in a row, as an application does that leaves every setting of the client alone. */
class TenCalls {
    public static void main(String[] arguments) throws Exception {
        // Its default is HTTP/2, which it offers in the first request of each connection: "Upgrade: h2c".
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
            .header("Content-Type", "application/json")
            .header("Authorization", "Bearer " + arguments[1])
            // Less than the five seconds after which the server gives up a request that does not arrive.
            .timeout(Duration.ofSeconds(4))
            .POST(HttpRequest.BodyPublishers.ofString(arguments[2]))
            .build();
        for (int call = 0; call < 10; call++) {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.body());
        }
    }
}
