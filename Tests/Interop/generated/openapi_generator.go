// Makes one call with the Go client of openapi-generator, and prints the result.
//
// Reads JSON from standard input: address, bearer, endpoint (run or action), meetingId. Prints JSON: the HTTP status,
// the name of the model that was parsed, and the model as an object; or an error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"

	openapi "connvo"
)

func main() {
	var call struct{ Address, Bearer, Endpoint, MeetingId string }
	if err := json.NewDecoder(os.Stdin).Decode(&call); err != nil {
		panic(err)
	}
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: call.Address}}
	meetings := openapi.NewAPIClient(configuration).MeetingsAPI
	arguments := openapi.NewArguments(call.MeetingId)
	background := context.WithValue(context.Background(), openapi.ContextAccessToken, call.Bearer)

	var model any
	var response *http.Response
	var err error
	if call.Endpoint == "run" {
		request := meetings.GenerateParticipantTokenPublic(background)
		model, response, err = request.Call(*openapi.NewCall(*arguments)).Execute()
	} else {
		var answer *openapi.ActionAnswer
		path := "meetings/stream/index:generateParticipantTokenPublic"
		body := openapi.NewAction(path, openapi.ArgumentsAsActionArgs(arguments))
		answer, response, err = meetings.Action(background).Action(*body).Execute()
		model = answer.GetActualInstance()
	}
	if refusal, ok := err.(*openapi.GenericOpenAPIError); ok && refusal.Model() != nil {
		model, err = refusal.Model(), nil
	}
	result := map[string]any{}
	if err != nil {
		result["error"] = fmt.Sprintf("%T: %v", err, err)
	} else {
		result["http"] = response.StatusCode
		result["model"] = reflect.Indirect(reflect.ValueOf(model)).Type().Name()
		result["body"] = model
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		panic(err)
	}
}
